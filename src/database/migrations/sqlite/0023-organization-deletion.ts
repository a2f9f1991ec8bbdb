import { Migration } from '@mikro-orm/migrations'

export class Migration0023 extends Migration {
  override up(): void {
    this.addSql('alter table `organization` add column `deletion_requested_at` datetime null;')
    this.addSql('alter table `organization` add column `trail_archived_at` datetime null;')
    this.addSql("alter table `deployment_state` add column `deleted_revocations` bigint not null default '0';")
    this.addSql(
      'create table `deleted_client` (`id` text not null primary key, `organization_id` text not null, `environment` text not null, `expires_at` datetime not null);',
    )
    this.addSql('create index `deleted_client_expires_at_id_index` on `deleted_client` (`expires_at`, `id`);')
    this.addSql(
      'create index `deleted_client_organization_id_environment_expires_at_id_index` on `deleted_client` (`organization_id`, `environment`, `expires_at`, `id`);',
    )
    // The only way to delete an event: its organization is being deleted, and its trail was archived (decision 0206).
    this.addSql('drop trigger `audit_event_not_deleted`;')
    this.addSql(
      "create trigger `audit_event_not_deleted` before delete on `audit_event` when not exists (select 1 from `organization` where `id` = old.`organization_id` and `trail_archived_at` is not null) begin select raise(abort, 'audit_event is append-only'); end;",
    )
  }
}
