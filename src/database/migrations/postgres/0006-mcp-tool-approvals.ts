import { Migration } from '@mikro-orm/migrations'

export class Migration0006 extends Migration {
  override up(): void {
    this.addSql(
      'create table "mcp_tool_approval" ("id" text not null, "organization_id" text not null, "project_id" text not null, "environment" text not null, "end_user_id" text null, "server_id" text not null, "call_digest" text not null, "tool" text not null, "arguments" jsonb null, "state" text not null, "requested_by" jsonb not null, "requested_at" timestamptz(3) not null, "expires_at" timestamptz(3) not null, "decided_at" timestamptz(3) null, "decided_by" text null, "reason" text null, primary key ("id"));',
    )
    this.addSql(
      'create index "mcp_tool_approval_organization_id_end_user_id_index" on "mcp_tool_approval" ("organization_id", "end_user_id");',
    )
    this.addSql(
      'create index "mcp_tool_approval_organization_id_requested_at_id_index" on "mcp_tool_approval" ("organization_id", "requested_at", "id");',
    )
    this.addSql('create index "mcp_tool_approval_state_expires_at_index" on "mcp_tool_approval" ("state", "expires_at");')
    this.addSql(
      'create index "mcp_tool_approval_server_id_call_digest_id_index" on "mcp_tool_approval" ("server_id", "call_digest", "id");',
    )
    this.addSql(
      'alter table "mcp_tool_approval" add constraint "mcp_tool_approval_organization_id_foreign" foreign key ("organization_id") references "organization" ("id");',
    )
    this.addSql(
      'alter table "mcp_tool_approval" add constraint "mcp_tool_approval_project_id_foreign" foreign key ("project_id") references "project" ("id");',
    )
  }
}
