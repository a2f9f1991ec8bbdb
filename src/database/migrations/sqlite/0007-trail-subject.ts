import { Migration } from '@mikro-orm/migrations'

export class Migration0007 extends Migration {
  override up(): void {
    this.addSql('drop index `audit_event_subject_id_index`;')
    this.addSql('create index `audit_event_subject_id_at_id_index` on `audit_event` (`subject_id`, `at`, `id`);')
  }
}
