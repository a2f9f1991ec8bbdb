/** Locks on PostgreSQL. The ids of advisory locks are arbitrary, but the same in every process. */

/** Held by one process while it migrates and prepares the database. The lock ends with its connection. */
export const takeStartupLock = 'select pg_advisory_lock(4711001)'

/** Held by one transaction of the deployment. The lock ends with its transaction. */
export const takeDeploymentLock = 'select pg_advisory_xact_lock(4711002)'

/** Limits each wait for a lock in this transaction to 10 seconds. */
export const limitLockWaits = 'set local lock_timeout = 10000'
