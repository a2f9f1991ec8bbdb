import { Migration } from '@mikro-orm/migrations'

export class Migration0028 extends Migration {
  override up(): void {
    this.addSql("alter table \"mcp_connection\" add \"sealed_consent\" text null;")
  }
}
