import { Migration } from '@mikro-orm/migrations'

export class Migration0029 extends Migration {
  override up(): void {
    this.addSql("alter table `mcp_credential` add column `renew_at` datetime null;")
  }
}
