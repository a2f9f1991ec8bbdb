import { Migration } from '@mikro-orm/migrations'

export class Migration0012 extends Migration {
  override up(): void {
    this.addSql(
      'create index `api_key_place_created_at_id_index` on `api_key` (`organization_id`, `project_id`, `environment`, `created_at`, `id`);',
    )
  }
}
