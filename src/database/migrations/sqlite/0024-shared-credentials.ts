import { Migration } from '@mikro-orm/migrations'

export class Migration0024 extends Migration {
  override up(): void {
    this.addSql("alter table `mcp_server` add column `shared_credential_id` text null;")
    this.addSql("alter table `mcp_credential` add column `health_status` text not null default 'UNKNOWN';")
    this.addSql("alter table `mcp_credential` add column `health_changed_at` datetime null;")
    this.addSql("alter table `mcp_credential` add column `health_http_status` integer null;")
    this.addSql("alter table `mcp_credential` add column `version` integer not null default 1;")
  }
}
