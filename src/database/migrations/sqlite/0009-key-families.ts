import { Migration } from '@mikro-orm/migrations'

export class Migration0009 extends Migration {
  override up(): void {
    this.addSql(
      'create table `mcp_server_caller` (`server_id` text not null, `root_key_id` text not null, `organization_id` text not null, `project_id` text not null, `environment` text not null, primary key (`server_id`, `root_key_id`), constraint `mcp_server_caller_server_id_foreign` foreign key (`server_id`) references `mcp_server` (`id`) on delete cascade);',
    )
    this.addSql('create index `mcp_server_caller_server_id_index` on `mcp_server_caller` (`server_id`);')
    this.addSql(
      'create index `mcp_tool_approval_project_id_environment_state_end_user_id_index` on `mcp_tool_approval` (`project_id`, `environment`, `state`, `end_user_id`);',
    )
    this.addSql('alter table `api_key` add column `root_key_ids` json null;')
    // Keys that keys have made, in families; texts that were replaced before now left no trace that a row could be made of.
    this.addSql('create index api_key_created_by_once on api_key (created_by);')
    this.addSql(`with recursive tree (id, root) as (
      select id, id from api_key where created_by is null or created_by not in (select id from api_key)
      union all
      select api_key.id, tree.root from tree join api_key on api_key.created_by = tree.id
    ) update api_key set root_key_ids = json_array(tree.root) from tree where tree.id = api_key.id and tree.root <> tree.id;`)
    this.addSql('drop index api_key_created_by_once;')
    this.addSql(`insert into mcp_server_caller (server_id, root_key_id, organization_id, project_id, environment)
      select distinct server.id, coalesce(root.value, api_key.id), server.organization_id, server.project_id, server.environment
      from mcp_tool_approval join mcp_server server on server.id = mcp_tool_approval.server_id
      join json_each(mcp_tool_approval.requested_by) caller join api_key on api_key.id = caller.value
      left join json_each(api_key.root_key_ids) root on true;`)
  }
}
