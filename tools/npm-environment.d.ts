/** Types of npm-environment.js. */

export declare function withoutNpm<Env extends Readonly<Record<string, string | undefined>>>(env: Env): Env
