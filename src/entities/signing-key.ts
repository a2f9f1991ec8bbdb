/** A key pair that signs tokens. It belongs to the deployment, not to a tenant, so no filter guards it. */
import { Entity, Property, Unique } from '@mikro-orm/decorators/legacy'
import type { JWK } from 'jose'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, json, text } from './columns.js'
import { SigningKeyState } from './enums.js'
import { Node } from './node.js'
import { DateTimeScalar } from './scalars.js'

@ObjectType('SigningKey', { implements: Node, description: 'A key pair that signs tokens; its public half is at /.well-known/jwks.json.' })
@Entity()
// Whatever else goes wrong, one key signs and one comes next.
@Unique({ properties: ['state'], where: "state = 'CURRENT'", name: 'signing_key_one_current' })
@Unique({ properties: ['state'], where: "state = 'NEXT'", name: 'signing_key_one_next' })
export class SigningKey extends Node {
  @Field(() => String, { description: 'The `alg` of what it signs: EdDSA, ES256 or RS256.' })
  @Property(text())
  algorithm!: string

  @Field(() => SigningKeyState, { description: 'Where it stands in its life.' })
  @Property(text())
  state!: SigningKeyState

  @Property(json())
  publicJwk!: JWK

  /** PKCS #8 in PEM, sealed under the master key. */
  @Property(text())
  sealedPrivateKey!: string

  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  @Property(timestamp())
  createdAt!: Date

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it began to sign.' })
  @Property(timestamp({ nullable: true }))
  activatedAt!: Date | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'When its successor took over, so that it signs no more.' })
  @Property(timestamp({ nullable: true }))
  supersededAt!: Date | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was withdrawn.' })
  @Property(timestamp({ nullable: true }))
  retiredAt!: Date | null

  @Field(() => String, { description: 'The `kid` of its tokens and of its entry in the JWKS.' })
  get kid(): string {
    return this.id
  }
}

export const privateKeyAad = (kid: string): string[] => ['signing_key', kid]
