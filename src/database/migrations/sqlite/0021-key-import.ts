import { Migration } from '@mikro-orm/migrations'

export class Migration0021 extends Migration {
  override up(): void {
    this.addSql('alter table `api_key` add column `imported_digest` text null;')
    this.addSql("alter table `api_key` add column `metadata` json not null default '{}';")
    this.addSql('create unique index `api_key_imported_digest_unique` on `api_key` (`imported_digest`);')
  }
}
