import { Migration } from '@mikro-orm/migrations'

export class Migration0022 extends Migration {
  override up(): void {
    this.addSql("create index `audit_event_actor_id_action_outcome_at_index` on `audit_event` (`actor_id`, `action`, `outcome`, `at`) where action <> 'api_key:exchange';")
    this.addSql("create index `usage_count_key_days_index` on `usage_count` (`organization_id`, `api_key_id`, `length`, `end_user_id`, `start`) where length = 'DAY' and end_user_id = '*';")
  }
}
