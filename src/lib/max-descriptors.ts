/** The number of file descriptors that this process may have open (`ulimit -n`). */

/** What POSIX systems usually grant where the report does not tell (Windows, or an unlimited number). */
const defaultDescriptors = 1024

export function maxDescriptors(): number {
  // The network part of the report looks up host names, which can take seconds.
  Object.assign(process.report, { excludeNetwork: true })
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } }
  const soft = Number(report.userLimits?.open_files?.soft)
  return Number.isInteger(soft) && soft > 0 ? soft : defaultDescriptors
}

/**
 * Inbound connections that fit a descriptor limit. Each may hold an upstream connection too, and an eighth is left for
 * the database, files and idle upstream connections.
 */
export const maxConnectionsFor = (descriptorLimit: number): number => Math.max(1, Math.floor((descriptorLimit * 7) / 16))
