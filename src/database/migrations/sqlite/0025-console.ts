import { Migration } from '@mikro-orm/migrations'

export class Migration0025 extends Migration {
  override up(): void {
    this.addSql("create index `audit_event_request_id_at_id_index` on `audit_event` (`request_id`, `at`, `id`);")
    this.addSql("create index `mcp_credential_organization_id_created_at_id_index` on `mcp_credential` (`organization_id`, `created_at`, `id`);")
  }
}
