/** `keyhouse signing-key rotate | retire KID`: rotates or retires signing keys. Running servers see it at their next request. */
import type { Command } from 'commander'

import type { Services } from '../context/services.js'
import { retireSigningKey } from '../signing-keys/retire-signing-key.js'
import { rotateSigningKeys } from '../signing-keys/rotate-signing-keys.js'
import { addExample, jsonOption, runAndPrint, type OutputOptions, type WithServices } from './definition.js'
import { formatColumns } from './output.js'

interface ActiveKeyIds {
  readonly current: string
  readonly next: string
}

export interface Rotation extends ActiveKeyIds {
  readonly previous: string
}

export interface Retirement extends ActiveKeyIds {
  readonly retired: string
}

/** @throws DomainError INVALID_STATE within the key set's max-age after the last rotation */
export async function rotateKeys(services: Services): Promise<Rotation> {
  const rotated = await rotateSigningKeys(services)
  if (!rotated) throw new TypeError('a manual rotation is always due')
  return { current: rotated.current.id, previous: rotated.previous.id, next: rotated.next.id }
}

/** @throws DomainError NOT_FOUND for an unknown kid */
export async function retireKey(services: Services, kid: string): Promise<Retirement> {
  const { current, next, retired } = await retireSigningKey(services, kid)
  return { retired: retired.id, current: current.id, next: next.id }
}

const formatRotation = ({ current, previous, next }: Rotation): string =>
  `${formatColumns([
    ['Current key', current],
    ['Previous key', previous],
    ['Next key', next],
  ])}\n\nTokens of the previous key stay valid until they expire.`

const formatRetirement = ({ retired, current, next }: Retirement): string =>
  `${formatColumns([
    ['Withdrawn', retired],
    ['Current key', current],
    ['Next key', next],
  ])}\n\nThis server refuses every token of the retired key, LOGIN tokens included. Create a new one with: npx keyhouse sign-in
Services that cache the key set accept its tokens for up to five minutes.`

export function addSigningKeyCommands(program: Command, withServices: WithServices): void {
  const signingKey = program.command('signing-key').description('rotate and retire the keys that sign tokens')

  const rotating = signingKey
    .command('rotate')
    .description('sign with the next key from now on; tokens of the previous key stay valid')
    .option(...jsonOption)
    .action((options: OutputOptions) => runAndPrint(withServices, options, rotateKeys, formatRotation))
  addExample(rotating, 'signing-key rotate')

  const retiring = signingKey
    .command('retire')
    .description('withdraw a key at once, with every token that it signed')
    .argument('<kid>', 'key id: the "kid" of the key set')
    .option(...jsonOption)
    .action((kid: string, options: OutputOptions) =>
      runAndPrint(withServices, options, (services) => retireKey(services, kid), formatRetirement),
    )
  addExample(retiring, 'signing-key retire sk_…')
}
