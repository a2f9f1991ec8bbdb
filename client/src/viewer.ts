/** Type of the viewer as a union by `kind`: each kind of credential has some of the nullable fields always, and some never. */

/** One kind: fields that are never null, fields that are always null, and the others as in the schema. */
type Variant<V, Kind, Present extends keyof V, Absent extends keyof V> = Omit<V, 'kind' | Present | Absent> & {
  readonly kind: Kind
} & { readonly [Field in Present]: NonNullable<V[Field]> } & { readonly [Field in Absent]: null }

/** A credential of a project, in one environment. */
type OfProject = 'environment' | 'issuer' | 'project'
type OfMember = 'personalToken' | 'user'

type ViewerFields = Readonly<Record<OfProject | OfMember | 'apiKey' | 'endUser' | 'expiresAt', unknown>>

/** Narrows by `kind`; for an API key then by `endUser`, which is null unless the request acts for one. */
export type ViewerByKind<V extends ViewerFields> =
  | Variant<V, 'API_KEY', OfProject | 'apiKey', OfMember | 'endUser'>
  | Variant<V, 'API_KEY', OfProject | 'endUser', OfMember | 'apiKey'>
  | Variant<V, 'ACCESS_TOKEN', OfProject | 'endUser' | 'expiresAt', OfMember | 'apiKey'>
  | Variant<V, 'PERSONAL_TOKEN', OfMember | 'expiresAt', OfProject | 'apiKey' | 'endUser'>
