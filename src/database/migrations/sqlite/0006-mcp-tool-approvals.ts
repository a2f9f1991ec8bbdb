import { Migration } from '@mikro-orm/migrations'

export class Migration0006 extends Migration {
  override up(): void {
    this.addSql(
      'create table `mcp_tool_approval` (`id` text not null primary key, `organization_id` text not null, `project_id` text not null, `environment` text not null, `end_user_id` text null, `server_id` text not null, `call_digest` text not null, `tool` text not null, `arguments` json null, `state` text not null, `requested_by` json not null, `requested_at` datetime not null, `expires_at` datetime not null, `decided_at` datetime null, `decided_by` text null, `reason` text null, constraint `mcp_tool_approval_organization_id_foreign` foreign key (`organization_id`) references `organization` (`id`), constraint `mcp_tool_approval_project_id_foreign` foreign key (`project_id`) references `project` (`id`));',
    )
    this.addSql('create index `mcp_tool_approval_organization_id_index` on `mcp_tool_approval` (`organization_id`);')
    this.addSql('create index `mcp_tool_approval_project_id_index` on `mcp_tool_approval` (`project_id`);')
    this.addSql(
      'create index `mcp_tool_approval_organization_id_end_user_id_index` on `mcp_tool_approval` (`organization_id`, `end_user_id`);',
    )
    this.addSql(
      'create index `mcp_tool_approval_organization_id_requested_at_id_index` on `mcp_tool_approval` (`organization_id`, `requested_at`, `id`);',
    )
    this.addSql('create index `mcp_tool_approval_state_expires_at_index` on `mcp_tool_approval` (`state`, `expires_at`);')
    this.addSql(
      'create index `mcp_tool_approval_server_id_call_digest_id_index` on `mcp_tool_approval` (`server_id`, `call_digest`, `id`);',
    )
  }
}
