import { Migration } from '@mikro-orm/migrations'

export class Migration0021 extends Migration {
  override up(): void {
    this.addSql(`alter table "api_key" add "imported_digest" text null, add "metadata" jsonb not null default '{}';`)
    this.addSql('alter table "api_key" add constraint "api_key_imported_digest_unique" unique ("imported_digest");')
  }
}
