/** What brings a PostgreSQL database up to date, in order. Never changed once released, only added to. */
import { Migration0001 } from './0001-initial.js'
import { Migration0002 } from './0002-people.js'
import { Migration0003 } from './0003-signing-key-life.js'
import { Migration0004 } from './0004-trail.js'
import { Migration0005 } from './0005-vault.js'
import { Migration0006 } from './0006-mcp-tool-approvals.js'
import { Migration0007 } from './0007-trail-subject.js'
import { Migration0008 } from './0008-organization-suspension.js'
import { Migration0009 } from './0009-key-families.js'
import { Migration0010 } from './0010-tenant-issuer.js'
import { Migration0011 } from './0011-revocations.js'
import { Migration0012 } from './0012-key-list.js'
import { Migration0013 } from './0013-deployment-state.js'
import { Migration0020 } from './0020-key-scope.js'
import { Migration0021 } from './0021-key-import.js'
import { Migration0022 } from './0022-key-activity.js'
import { Migration0023 } from './0023-organization-deletion.js'
import { Migration0024 } from './0024-shared-credentials.js'
import { Migration0025 } from './0025-console.js'
import { Migration0026 } from './0026-oauth.js'
import { Migration0027 } from './0027-mcp-oauth.js'
import { Migration0028 } from './0028-waiting-consent.js'

export const postgresMigrations = [
  { name: '0001-initial', class: Migration0001 },
  { name: '0002-people', class: Migration0002 },
  { name: '0003-signing-key-life', class: Migration0003 },
  { name: '0004-trail', class: Migration0004 },
  { name: '0005-vault', class: Migration0005 },
  { name: '0006-mcp-tool-approvals', class: Migration0006 },
  { name: '0007-trail-subject', class: Migration0007 },
  { name: '0008-organization-suspension', class: Migration0008 },
  { name: '0009-key-families', class: Migration0009 },
  { name: '0010-tenant-issuer', class: Migration0010 },
  { name: '0011-revocations', class: Migration0011 },
  { name: '0012-key-list', class: Migration0012 },
  { name: '0013-deployment-state', class: Migration0013 },
  { name: '0020-key-scope', class: Migration0020 },
  { name: '0021-key-import', class: Migration0021 },
  { name: '0022-key-activity', class: Migration0022 },
  { name: '0023-organization-deletion', class: Migration0023 },
  { name: '0024-shared-credentials', class: Migration0024 },
  { name: '0025-console', class: Migration0025 },
  { name: '0026-oauth', class: Migration0026 },
  { name: '0027-mcp-oauth', class: Migration0027 },
  { name: '0028-waiting-consent', class: Migration0028 },
]
