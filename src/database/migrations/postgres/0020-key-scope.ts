import { Migration } from '@mikro-orm/migrations'

export class Migration0020 extends Migration {
  override up(): void {
    this.addSql(
      'alter table "api_key" add "end_user_scope" jsonb null, add "allowed_ips" jsonb null, add "suspended_at" timestamptz(3) null;',
    )
    this.addSql(
      'create index "api_key_organization_id_environment_suspended_at_id_index" on "api_key" ("organization_id", "environment", "suspended_at", "id") where suspended_at is not null;',
    )
    this.addSql('create index "api_key_suspended_at_id_index" on "api_key" ("suspended_at", "id") where suspended_at is not null;')
    // Resuming takes the key out of the revocation lists, so it changes their version too.
    this.addSql(
      'create trigger api_key_suspended after update of suspended_at on api_key for each row when (old.suspended_at is distinct from new.suspended_at) execute function note_revocation();',
    )
  }
}
