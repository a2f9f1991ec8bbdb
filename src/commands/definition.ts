/** Shared parts of command definitions: access to services, output as text or JSON, and examples in the help. */
import type { Command } from 'commander'

import type { Services } from '../context/services.js'

/** Runs the work with open services, and closes them. */
export type WithServices = <T>(work: (services: Services) => Promise<T>) => Promise<T>

export interface OutputOptions {
  readonly json?: boolean
}

export const jsonOption = ['--json', 'print JSON'] as const

/** `url`: the GraphQL endpoint. */
export type Format<T> = (result: T, url: string) => string

export function printResult<T extends object>({ json }: OutputOptions, result: T, format: (result: T) => string): void {
  console.log(json ? JSON.stringify(result) : format(result))
}

export const runAndPrint = <T extends object>(
  withServices: WithServices,
  options: OutputOptions,
  work: (services: Services) => Promise<T>,
  format: Format<T>,
): Promise<void> =>
  withServices(async (services) => printResult(options, await work(services), (result) => format(result, `${services.config.url}/graphql`)))

/** Adds a section to the end of the help, each line indented as commander indents its own. */
export function addSection(command: Command, title: string, lines: readonly string[]): Command {
  const { styleTitle = (text: string) => text } = command.configureHelp()
  return command.addHelpText('after', () => `\n${styleTitle(title)}\n${lines.map((line) => `  ${line}`).join('\n')}`)
}

/** The example is what follows `npx keyhouse`. */
export const addExample = (command: Command, example: string): Command => addSection(command, 'Example:', [`npx keyhouse ${example}`])
