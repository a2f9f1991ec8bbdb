import { Migration } from '@mikro-orm/migrations'

export class Migration0008 extends Migration {
  override up(): void {
    this.addSql('alter table "organization" add "suspended_at" timestamptz(3) null;')
  }
}
