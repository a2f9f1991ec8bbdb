/** Limit on open file descriptors of this process (`ulimit -n`). */

/** Usual POSIX limit, for a report without a number (Windows, or an unlimited process). */
const defaultDescriptors = 1024

/** Soft limit on open files, from Node's diagnostic report. */
export function maxDescriptors(): number {
  // The network section of the report resolves host names, which can take seconds.
  Object.assign(process.report, { excludeNetwork: true })
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } }
  const soft = Number(report.userLimits?.open_files?.soft)
  return Number.isInteger(soft) && soft > 0 ? soft : defaultDescriptors
}

/**
 * Maximum inbound connections for a descriptor limit. Each may hold an upstream connection too; an eighth remains for
 * the database, files and idle upstream connections.
 */
export const maxConnectionsFor = (descriptorLimit: number): number => Math.max(1, Math.floor((descriptorLimit * 7) / 16))
