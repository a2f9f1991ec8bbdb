import { Migration } from '@mikro-orm/migrations'

export class Migration0011 extends Migration {
  override up(): void {
    this.addSql(
      'create index "access_token_organization_id_environment_expires_at_id_index" on "access_token" ("organization_id", "environment", "expires_at", "id") where revoked_at is not null;',
    )
    this.addSql('alter table "organization" add "revocation_version" bigint not null default \'0\';')
    this.addSql(
      'create index "organization_revocation_version_index" on "organization" ("revocation_version") where revocation_version > 0;',
    )
    this.addSql('alter table "api_key" add "sandbox_reset_at" timestamptz(3) null, add "reset_tokens_expire_at" timestamptz(3) null;')
    this.addSql(
      'create index "api_key_organization_id_reset_tokens_expire_at_project_id_index" on "api_key" ("organization_id", "reset_tokens_expire_at", "project_id") where reset_tokens_expire_at is not null;',
    )
    this.addSql(
      'create index "api_key_reset_tokens_expire_at_project_id_index" on "api_key" ("reset_tokens_expire_at", "project_id") where reset_tokens_expire_at is not null;',
    )
    this.addSql(
      'create index "api_key_organization_id_environment_revoked_at_id_index" on "api_key" ("organization_id", "environment", "revoked_at", "id") where revoked_at is not null;',
    )
    // A version is the id of its transaction, so that a change of many rows writes it once. The rows of one organization are
    // changed by one transaction at a time, and an insert or an update that revokes nothing does not call the function.
    this.addSql(
      'create function note_revocation() returns trigger language plpgsql as $$ begin update organization set revocation_version = txid_current() where id = new.organization_id and revocation_version <> txid_current(); return null; end $$;',
    )
    this.addSql(
      'create trigger access_token_inserted_revoked after insert on access_token for each row when (new.revoked_at is not null) execute function note_revocation();',
    )
    this.addSql(
      'create trigger personal_token_revoked after insert or update of revoked_at on personal_token for each row when (new.revoked_at is not null) execute function note_revocation();',
    )
    this.addSql(
      'create trigger api_key_revoked after insert or update of revoked_at, sandbox_reset_at on api_key for each row when (new.revoked_at is not null or new.sandbox_reset_at is not null) execute function note_revocation();',
    )
    // An access token is updated by its revocation alone, and an end user may have a hundred thousand: once a statement.
    this.addSql(
      'create function note_revoked_tokens() returns trigger language plpgsql as $$ begin update organization set revocation_version = txid_current() where id in (select organization_id from changed where revoked_at is not null); return null; end $$;',
    )
    this.addSql(
      'create trigger access_token_revoked after update on access_token referencing new table as changed for each statement execute function note_revoked_tokens();',
    )
    this.addSql(
      'create function note_suspension() returns trigger language plpgsql as $$ begin new.revocation_version = txid_current(); return new; end $$;',
    )
    this.addSql(
      'create trigger organization_suspended before update of suspended_at on organization for each row execute function note_suspension();',
    )
  }
}
