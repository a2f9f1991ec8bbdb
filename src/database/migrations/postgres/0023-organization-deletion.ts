import { Migration } from '@mikro-orm/migrations'

export class Migration0023 extends Migration {
  override up(): void {
    this.addSql('alter table "organization" add "deletion_requested_at" timestamptz(3) null, add "trail_archived_at" timestamptz(3) null;')
    this.addSql('alter table "deployment_state" add "deleted_revocations" bigint not null default \'0\';')
    this.addSql(
      'create table "deleted_client" ("id" text not null, "organization_id" text not null, "environment" text not null, "expires_at" timestamptz(3) not null, primary key ("id"));',
    )
    this.addSql('create index "deleted_client_expires_at_id_index" on "deleted_client" ("expires_at", "id");')
    this.addSql(
      'create index "deleted_client_organization_id_environment_expires_at_id_index" on "deleted_client" ("organization_id", "environment", "expires_at", "id");',
    )
    // The only way to delete an event: its organization is being deleted, and its trail was archived (decision 0206).
    this.addSql('drop trigger "audit_event_append_only" on "audit_event";')
    this.addSql(
      'create trigger "audit_event_append_only" before update or truncate on "audit_event" for each statement execute function "audit_event_append_only"();',
    )
    this.addSql(
      'create function "audit_event_deleted"() returns trigger language plpgsql as $$ begin if not exists (select 1 from organization where id = old.organization_id and trail_archived_at is not null) then raise exception \'audit_event is append-only\' using errcode = \'restrict_violation\'; end if; return old; end $$;',
    )
    this.addSql(
      'create trigger "audit_event_deleted" before delete on "audit_event" for each row execute function "audit_event_deleted"();',
    )
  }
}
