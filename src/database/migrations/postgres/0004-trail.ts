import { Migration } from '@mikro-orm/migrations'

export class Migration0004 extends Migration {
  override up(): void {
    this.addSql(
      'create table "deployment_secret" ("id" text not null, "sealed_value" text not null, "created_at" timestamptz(3) not null, primary key ("id"));',
    )
    this.addSql(
      'create table "idempotency_key" ("id" text not null, "organization_id" text not null, "subject_id" text not null, "input_mac" text not null, "expires_at" timestamptz(3) not null, primary key ("id"));',
    )
    this.addSql('create index "idempotency_key_expires_at_index" on "idempotency_key" ("expires_at");')
    this.addSql(
      'create table "rate_counter" ("api_key_id" text not null, "organization_id" text not null, "second_at" timestamptz(3) null, "second_used" int not null, "minute_at" timestamptz(3) null, "minute_used" int not null, "hour_at" timestamptz(3) null, "hour_used" int not null, "day_at" timestamptz(3) null, "day_used" int not null, primary key ("api_key_id"));',
    )
    this.addSql(
      'create table "usage_count" ("organization_id" text not null, "length" text not null, "end_user_id" text not null, "start" timestamptz(3) not null, "project_id" text not null, "environment" text not null, "api_key_id" text not null, "operation" text not null, "requests" int not null, "denied" int not null, primary key ("organization_id", "length", "end_user_id", "start", "project_id", "environment", "api_key_id", "operation"));',
    )
    this.addSql('create index "usage_count_organization_id_length_start_index" on "usage_count" ("organization_id", "length", "start");')
    this.addSql(
      'create index "audit_event_end_user_id_at_id_index" on "audit_event" ("end_user_id", "at", "id") where end_user_id is not null;',
    )
    this.addSql('create index "audit_event_subject_id_index" on "audit_event" ("subject_id");')
    this.addSql('create index "audit_event_actor_id_at_id_index" on "audit_event" ("actor_id", "at", "id");')
    this.addSql(
      'create index "audit_event_organization_id_action_at_id_index" on "audit_event" ("organization_id", "action", "at", "id") where action <> \'api_key:exchange\';',
    )
    // The trail is append-only, whoever writes; for each statement, so that one that hits no row fails too.
    this.addSql(
      "create function \"audit_event_append_only\"() returns trigger language plpgsql as $$ begin raise exception 'audit_event is append-only' using errcode = 'restrict_violation'; end $$;",
    )
    this.addSql(
      'create trigger "audit_event_append_only" before update or delete or truncate on "audit_event" for each statement execute function "audit_event_append_only"();',
    )
  }
}
