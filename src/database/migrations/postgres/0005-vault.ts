import { Migration } from '@mikro-orm/migrations'

export class Migration0005 extends Migration {
  override up(): void {
    this.addSql(
      'create table "master_key_proof" ("id" text not null, "sealed_proof" text not null, "first_seen_at" timestamptz(3) not null, primary key ("id"));',
    )
    this.addSql(
      'create table "mcp_server" ("id" text not null, "organization_id" text not null, "project_id" text not null, "environment" text not null, "end_user_id" text null, "owner_key" text not null, "name" text not null, "server_label" text not null, "server_url" text not null, "server_description" text null, "allowed_tools" jsonb null, "require_approval" text not null, "metadata" jsonb not null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, primary key ("id"));',
    )
    this.addSql('create index "mcp_server_organization_id_created_at_id_index" on "mcp_server" ("organization_id", "created_at", "id");')
    this.addSql(
      'alter table "mcp_server" add constraint "mcp_server_label_unique" unique ("organization_id", "project_id", "environment", "owner_key", "server_label");',
    )
    this.addSql(
      'create table "mcp_credential" ("id" text not null, "organization_id" text not null, "project_id" text not null, "environment" text not null, "end_user_id" text null, "server_id" text not null, "origin" text not null, "name" text null, "auth_type" text not null, "authorization_preview" text null, "header_names" jsonb not null, "sealed_value" text null, "expires_at" timestamptz(3) null, "last_used_at" timestamptz(3) null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, "revoked_at" timestamptz(3) null, primary key ("id"));',
    )
    this.addSql('create index "mcp_credential_organization_id_end_user_id_index" on "mcp_credential" ("organization_id", "end_user_id");')
    this.addSql('create index "mcp_credential_server_id_created_at_id_index" on "mcp_credential" ("server_id", "created_at", "id");')
    this.addSql(
      'alter table "mcp_server" add constraint "mcp_server_organization_id_foreign" foreign key ("organization_id") references "organization" ("id");',
    )
    this.addSql(
      'alter table "mcp_server" add constraint "mcp_server_project_id_foreign" foreign key ("project_id") references "project" ("id");',
    )
    this.addSql(
      'alter table "mcp_credential" add constraint "mcp_credential_organization_id_foreign" foreign key ("organization_id") references "organization" ("id");',
    )
    this.addSql(
      'alter table "mcp_credential" add constraint "mcp_credential_project_id_foreign" foreign key ("project_id") references "project" ("id");',
    )
  }
}
