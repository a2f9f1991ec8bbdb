import { Migration } from '@mikro-orm/migrations'

export class Migration0024 extends Migration {
  override up(): void {
    this.addSql("alter table \"mcp_server\" add \"shared_credential_id\" text null;")
    this.addSql("alter table \"mcp_credential\" add \"health_status\" text not null default 'UNKNOWN', add \"health_changed_at\" timestamptz(3) null, add \"health_http_status\" int null, add \"version\" int not null default 1;")
  }
}
