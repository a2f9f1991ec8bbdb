/** `keyhouse sign-in`: creates a sign-in token for a member without another credential. */
import type { Command } from 'commander'

import { systemContext } from '../context/context.js'
import { perform } from '../context/perform.js'
import type { Services } from '../context/services.js'
import { findUsers } from '../database/unscoped-queries.js'
import { Member } from '../entities/member.js'
import { issueSignInToken } from '../sign-in/issue-sign-in-token.js'
import { CommandError } from './command-error.js'
import { consoleLink } from './console-link.js'
import { addExample, jsonOption, runAndPrint, type OutputOptions, type WithServices } from './definition.js'
import { formatColumns, formatCurl, formatTime } from './output.js'

export interface SignIn {
  readonly signInToken: string
  /** Null when the server has no console. */
  readonly consoleUrl: string | null
  /** ISO 8601. */
  readonly expiresAt: string
  readonly organizationId: string
}

/** @throws CommandError when no member, or more than one, has this e-mail address */
export async function signInByEmail(services: Services, email: string, organization: string | undefined): Promise<SignIn> {
  const users = await findUsers(services.orm, email, organization)
  const [user, second] = users
  if (!user) throw new CommandError('No member has this e-mail address. Check --email.')
  if (second) {
    throw new CommandError(
      `The e-mail address belongs to members of several organizations. Choose one with --organization: ${users.map((match) => match.organizationId).join(', ')}`,
    )
  }
  const { organizationId, id: userId } = user
  const { secret, expiresAt } = await perform(
    systemContext(services, organizationId),
    'sign_in_token:create',
    async ({ em, actor, now, permit }) => {
      const member = await em.findOne(Member, { userId })
      if (!member) throw new CommandError('No member has this e-mail address. Check --email.')
      permit({ id: member.id })
      return issueSignInToken(em, actor, userId, now)
    },
  )
  const signInToken = secret.reveal()
  const consoleUrl = consoleLink(services.config, services.config.url, signInToken) ?? null
  return { signInToken, consoleUrl, expiresAt: expiresAt.toISOString(), organizationId }
}

const signInMutation = 'mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { message } } }'

const formatSignIn = ({ signInToken, consoleUrl, expiresAt, organizationId }: SignIn, url: string): string =>
  `${formatColumns([
    ...(consoleUrl === null ? [] : [['Open the console', consoleUrl] as const]),
    ['Sign-in token', signInToken],
    ['Valid once, until', formatTime(new Date(expiresAt))],
    ['Organization', organizationId],
  ])}\n\n${consoleUrl === null ? 'Exchange it' : 'Open the link, or exchange the token'} for a LOGIN token, valid for 12 hours:\n\n  ${formatCurl(url, { query: signInMutation, variables: { input: { signInToken } } })}`

export function addSignInCommand(program: Command, withServices: WithServices): void {
  const command = program
    .command('sign-in')
    .description('create a sign-in token for a member: valid for 15 minutes, once')
    .requiredOption('--email <address>', 'e-mail address of the member')
    .option('--organization <id>', 'id of the organization; required when the address is known in several')
    .option(...jsonOption)
    .action((options: { email: string; organization?: string } & OutputOptions) =>
      runAndPrint(withServices, options, (services) => signInByEmail(services, options.email, options.organization), formatSignIn),
    )
  addExample(command, 'sign-in --email ada@example.com')
}
