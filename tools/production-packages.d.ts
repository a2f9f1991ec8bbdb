/** Types of production-packages.js. */

export interface LockedPackage {
  readonly version?: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly link?: boolean
}

export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

export declare function productionManifest(manifest: object): object
export declare function productionPackages(lock: Lock): [path: string, entry: LockedPackage][]
export declare function productionLock(lock: Lock): Lock
