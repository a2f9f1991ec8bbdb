/** The manifest and the lock file without what only development needs. */

/** Manifest without development dependencies and without the client's workspace. */
export const productionManifest = ({ devDependencies: _tests, workspaces: _client, ...rest }) => rest

/** Entries of package-lock.json that an installation for production has, by path. */
export const productionPackages = (lock) =>
  Object.entries(lock.packages).filter(([path, { dev, link }]) => path.startsWith('node_modules/') && !dev && !link)

/** The lock file for an installation for production. */
export const productionLock = (lock) => ({
  ...lock,
  packages: { '': productionManifest(lock.packages['']), ...Object.fromEntries(productionPackages(lock)) },
})
