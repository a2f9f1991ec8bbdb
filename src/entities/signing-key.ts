/** Key pair that signs tokens. It belongs to the deployment, so it has no tenant filter. */
import { Entity, Property, Unique } from '@mikro-orm/decorators/legacy'
import type { JWK } from 'jose'
import { Field, ObjectType } from 'type-graphql'

import { algorithms } from '../lib/crypto/jwt.js'
import { timestamp, json, text } from './columns.js'
import { SigningKeyState } from './enums.js'
import { Node } from './node.js'
import { DateTimeScalar } from './scalars.js'

@ObjectType('SigningKey', {
  simpleResolvers: true,
  implements: Node,
  description:
    'Signing key. Key pair of the deployment that signs access tokens and personal tokens. `/.well-known/jwks.json` has its public half. Reading needs `signing_key:read`.',
})
@Entity()
// The database guarantees one CURRENT and one NEXT key.
@Unique({ properties: ['state'], where: "state = 'CURRENT'", name: 'signing_key_one_current' })
@Unique({ properties: ['state'], where: "state = 'NEXT'", name: 'signing_key_one_next' })
export class SigningKey extends Node {
  @Field(() => String, { description: `Signature algorithm (\`alg\`): ${algorithms.join(', ')}.` })
  @Property(text())
  algorithm!: string

  @Field(() => SigningKeyState, { description: 'State of the key in its rotation.' })
  @Property(text())
  state!: SigningKeyState

  @Property(json())
  publicJwk!: JWK

  /** PKCS #8 in PEM, sealed with the master key. */
  @Property(text())
  sealedPrivateKey!: string

  @Field(() => DateTimeScalar, { description: 'Creation time of the key pair.' })
  @Property(timestamp())
  createdAt!: Date

  @Field(() => DateTimeScalar, { nullable: true, description: 'Time at which the key became CURRENT. Null: it has not signed tokens.' })
  @Property(timestamp({ nullable: true }))
  activatedAt!: Date | null

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Time at which another key became CURRENT in its place. Null: not replaced.',
  })
  @Property(timestamp({ nullable: true }))
  supersededAt!: Date | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'Time at which the key became RETIRED. Null: not retired.' })
  @Property(timestamp({ nullable: true }))
  retiredAt!: Date | null

  @Field(() => String, { description: 'Key id: the `kid` in the header of its tokens and in the JWKS. Equal to `id`.' })
  get kid(): string {
    return this.id
  }
}

/** Associated data of the sealed private key: it does not open on another row. */
export const privateKeyAad = (kid: string): string[] => ['signing_key', kid]
