// Jest environment without a VM context: tests run in the realm of their worker, where `instanceof` and Node's own modules agree.
import { ModernFakeTimers } from '@jest/fake-timers'
import { ModuleMocker } from 'jest-mock'

export default class SameRealmEnvironment {
  global = globalThis
  moduleMocker = new ModuleMocker(globalThis)
  /** Restored at the end of a test file: Jest replaces them for each. */
  #originals = {
    console: globalThis.console,
    exit: Reflect.get(process, 'exit'),
    getBuiltinModule: Reflect.get(process, 'getBuiltinModule'),
  }

  constructor({ projectConfig }) {
    Object.assign(globalThis, projectConfig.globals)
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis })
  }

  async setup() {
    // Packages outlive the test file; Jest's replacement does not.
    process.getBuiltinModule = this.#originals.getBuiltinModule
  }

  async teardown() {
    this.fakeTimersModern.dispose()
    globalThis.console = this.#originals.console
    process.exit = this.#originals.exit
    // Otherwise `jest.setTimeout` would apply to the next files of the worker.
    delete globalThis[Symbol.for('TEST_TIMEOUT_SYMBOL')]
  }

  getVmContext() {
    return null
  }
}
