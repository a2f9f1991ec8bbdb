/** Environment for an npm that another npm started. */

/** Without the options of the outer command, which npm hands down as variables: `--dry-run` of a pack would reach the pack inside. */
export const withoutNpm = (env) => Object.fromEntries(Object.entries(env).filter(([name]) => !/^npm_/i.test(name)))
