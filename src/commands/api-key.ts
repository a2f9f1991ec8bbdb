/** `keyhouse api-key create | import`. */
import type { Command } from 'commander'

import { addApiKeyCreation } from './api-key-create.js'
import type { WithServices } from './definition.js'
import { addApiKeyImport } from './import/api-key-import.js'

export function addApiKeyCommands(program: Command, withServices: WithServices): void {
  const group = program.command('api-key').description('create and import API keys')
  addApiKeyCreation(group, withServices)
  addApiKeyImport(group, withServices)
}
