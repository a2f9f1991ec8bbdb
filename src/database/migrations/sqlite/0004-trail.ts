import { Migration } from '@mikro-orm/migrations'

export class Migration0004 extends Migration {
  override up(): void {
    this.addSql(
      'create table `deployment_secret` (`id` text not null primary key, `sealed_value` text not null, `created_at` datetime not null);',
    )
    this.addSql(
      'create table `idempotency_key` (`id` text not null primary key, `organization_id` text not null, `subject_id` text not null, `input_mac` text not null, `expires_at` datetime not null);',
    )
    this.addSql('create index `idempotency_key_expires_at_index` on `idempotency_key` (`expires_at`);')
    this.addSql(
      'create table `rate_counter` (`api_key_id` text not null primary key, `organization_id` text not null, `second_at` datetime null, `second_used` integer not null, `minute_at` datetime null, `minute_used` integer not null, `hour_at` datetime null, `hour_used` integer not null, `day_at` datetime null, `day_used` integer not null);',
    )
    this.addSql(
      'create table `usage_count` (`organization_id` text not null, `length` text not null, `end_user_id` text not null, `start` datetime not null, `project_id` text not null, `environment` text not null, `api_key_id` text not null, `operation` text not null, `requests` integer not null, `denied` integer not null, primary key (`organization_id`, `length`, `end_user_id`, `start`, `project_id`, `environment`, `api_key_id`, `operation`));',
    )
    this.addSql('create index `usage_count_organization_id_length_start_index` on `usage_count` (`organization_id`, `length`, `start`);')
    this.addSql(
      'create index `audit_event_end_user_id_at_id_index` on `audit_event` (`end_user_id`, `at`, `id`) where end_user_id is not null;',
    )
    this.addSql('create index `audit_event_subject_id_index` on `audit_event` (`subject_id`);')
    this.addSql('create index `audit_event_actor_id_at_id_index` on `audit_event` (`actor_id`, `at`, `id`);')
    this.addSql(
      "create index `audit_event_organization_id_action_at_id_index` on `audit_event` (`organization_id`, `action`, `at`, `id`) where action <> 'api_key:exchange';",
    )
    // The trail is append-only, whoever writes.
    this.addSql(
      "create trigger `audit_event_not_changed` before update on `audit_event` begin select raise(abort, 'audit_event is append-only'); end;",
    )
    this.addSql(
      "create trigger `audit_event_not_deleted` before delete on `audit_event` begin select raise(abort, 'audit_event is append-only'); end;",
    )
  }
}
