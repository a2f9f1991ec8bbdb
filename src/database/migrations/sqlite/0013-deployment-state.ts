import { Migration } from '@mikro-orm/migrations'

export class Migration0013 extends Migration {
  override up(): void {
    this.addSql("create table `deployment_state` (`id` text not null primary key, `migrated_by` text not null, `url` text null, `jwt_algorithm` text null, `key_prefix` text null, `master_key_ids` text null);")
  }
}
