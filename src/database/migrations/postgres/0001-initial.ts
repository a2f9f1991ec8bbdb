import { Migration } from '@mikro-orm/migrations'

export class Migration0001 extends Migration {
  override up(): void {
    this.addSql(
      'create table "access_token" ("id" text not null, "organization_id" text not null, "project_id" text not null, "environment" text not null, "api_key_id" text not null, "end_user_id" text not null, "audience" text not null, "permissions" jsonb not null, "signing_key_id" text not null, "issued_at" timestamptz(3) not null, "expires_at" timestamptz(3) not null, "revoked_at" timestamptz(3) null, primary key ("id"));',
    )
    this.addSql('create index "access_token_api_key_id_expires_at_index" on "access_token" ("api_key_id", "expires_at");')
    this.addSql('create index "access_token_organization_id_id_index" on "access_token" ("organization_id", "id");')
    this.addSql(
      'create table "audit_event" ("id" text not null, "organization_id" text not null, "seq" int not null, "project_id" text null, "environment" text null, "action" text not null, "outcome" text not null, "actor_id" text null, "end_user_id" text null, "subject_id" text null, "details" jsonb not null, "request_id" text not null, "ip_address" text null, "at" timestamptz(3) not null, "previous_hash" text not null, "hash" text not null, primary key ("id"));',
    )
    this.addSql('create index "audit_event_organization_id_at_id_index" on "audit_event" ("organization_id", "at", "id");')
    this.addSql('alter table "audit_event" add constraint "audit_event_organization_id_seq_unique" unique ("organization_id", "seq");')
    this.addSql(
      'create table "audit_head" ("organization_id" text not null, "seq" int not null, "hash" text not null, primary key ("organization_id"));',
    )
    this.addSql(
      'create table "organization" ("id" text not null, "name" text not null, "created_at" timestamptz(3) not null, primary key ("id"));',
    )
    this.addSql(
      'create table "project" ("id" text not null, "organization_id" text not null, "name" text not null, "slug" text not null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, primary key ("id"));',
    )
    this.addSql('alter table "project" add constraint "project_organization_id_slug_unique" unique ("organization_id", "slug");')
    this.addSql(
      'create table "end_user" ("id" text not null, "organization_id" text not null, "project_id" text not null, "environment" text not null, "external_id" text not null, "first_seen_at" timestamptz(3) not null, "last_seen_at" timestamptz(3) not null, primary key ("id"));',
    )
    this.addSql('create index "end_user_organization_id_first_seen_at_id_index" on "end_user" ("organization_id", "first_seen_at", "id");')
    this.addSql(
      'create table "api_key" ("id" text not null, "organization_id" text not null, "project_id" text not null, "environment" text not null, "label" text null, "digest" text not null, "previous_digest" text null, "preview" text not null, "permissions" jsonb not null, "rate_limits" jsonb not null, "allowed_audiences" jsonb null, "standing" int not null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, "expires_at" timestamptz(3) null, "last_used_at" timestamptz(3) null, "rotated_at" timestamptz(3) null, "previous_secret_expires_at" timestamptz(3) null, "end_overlap_at_first_use" boolean not null, "revoked_at" timestamptz(3) null, "created_by" text null, "revoked_by" text null, primary key ("id"));',
    )
    this.addSql('alter table "api_key" add constraint "api_key_digest_unique" unique ("digest");')
    this.addSql('alter table "api_key" add constraint "api_key_previous_digest_unique" unique ("previous_digest");')
    this.addSql('create index "api_key_organization_id_created_at_id_index" on "api_key" ("organization_id", "created_at", "id");')
    this.addSql(
      'create table "signing_key" ("id" text not null, "algorithm" text not null, "state" text not null, "public_jwk" jsonb not null, "sealed_private_key" text not null, "created_at" timestamptz(3) not null, "activated_at" timestamptz(3) null, "retired_at" timestamptz(3) null, primary key ("id"));',
    )
    this.addSql(
      'create table "user" ("id" text not null, "organization_id" text not null, "email" text not null, "email_key" text not null, "name" text not null, "created_at" timestamptz(3) not null, primary key ("id"));',
    )
    this.addSql('alter table "user" add constraint "user_organization_id_email_key_unique" unique ("organization_id", "email_key");')
    this.addSql(
      'create table "sign_in_token" ("id" text not null, "organization_id" text not null, "user_id" text not null, "digest" text not null, "created_at" timestamptz(3) not null, "expires_at" timestamptz(3) not null, "used_at" timestamptz(3) null, primary key ("id"));',
    )
    this.addSql('create index "sign_in_token_user_id_index" on "sign_in_token" ("user_id");')
    this.addSql('alter table "sign_in_token" add constraint "sign_in_token_digest_unique" unique ("digest");')
    this.addSql('create index "sign_in_token_organization_id_index" on "sign_in_token" ("organization_id");')
    this.addSql(
      'create table "personal_token" ("id" text not null, "organization_id" text not null, "user_id" text not null, "type" text not null, "description" text null, "permissions" jsonb null, "issued_at" timestamptz(3) not null, "expires_at" timestamptz(3) not null, "last_used_on" timestamptz(3) null, "visible_until" timestamptz(3) not null, "sealed_text" text null, "revoked_at" timestamptz(3) null, "created_by" text null, "revoked_by" text null, primary key ("id"));',
    )
    this.addSql('create index "personal_token_organization_id_index" on "personal_token" ("organization_id");')
    this.addSql('create index "personal_token_user_id_id_index" on "personal_token" ("user_id", "id");')
    this.addSql(
      'create table "member" ("id" text not null, "organization_id" text not null, "user_id" text not null, "role" text not null, "project_ids" jsonb null, "standing" int not null, "joined_at" timestamptz(3) not null, primary key ("id"));',
    )
    this.addSql('create index "member_organization_id_index" on "member" ("organization_id");')
    this.addSql('alter table "member" add constraint "member_user_id_unique" unique ("user_id");')
    this.addSql(
      'alter table "project" add constraint "project_organization_id_foreign" foreign key ("organization_id") references "organization" ("id");',
    )
    this.addSql(
      'alter table "end_user" add constraint "end_user_organization_id_foreign" foreign key ("organization_id") references "organization" ("id");',
    )
    this.addSql(
      'alter table "end_user" add constraint "end_user_project_id_foreign" foreign key ("project_id") references "project" ("id");',
    )
    this.addSql(
      'alter table "api_key" add constraint "api_key_organization_id_foreign" foreign key ("organization_id") references "organization" ("id");',
    )
    this.addSql('alter table "api_key" add constraint "api_key_project_id_foreign" foreign key ("project_id") references "project" ("id");')
    this.addSql(
      'alter table "user" add constraint "user_organization_id_foreign" foreign key ("organization_id") references "organization" ("id");',
    )
    this.addSql(
      'alter table "sign_in_token" add constraint "sign_in_token_organization_id_foreign" foreign key ("organization_id") references "organization" ("id");',
    )
    this.addSql(
      'alter table "sign_in_token" add constraint "sign_in_token_user_id_foreign" foreign key ("user_id") references "user" ("id");',
    )
    this.addSql(
      'alter table "personal_token" add constraint "personal_token_organization_id_foreign" foreign key ("organization_id") references "organization" ("id");',
    )
    this.addSql(
      'alter table "personal_token" add constraint "personal_token_user_id_foreign" foreign key ("user_id") references "user" ("id");',
    )
    this.addSql(
      'alter table "member" add constraint "member_organization_id_foreign" foreign key ("organization_id") references "organization" ("id");',
    )
    this.addSql('alter table "member" add constraint "member_user_id_foreign" foreign key ("user_id") references "user" ("id");')
  }
}
