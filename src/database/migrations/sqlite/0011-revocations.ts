import { Migration } from '@mikro-orm/migrations'

export class Migration0011 extends Migration {
  override up(): void {
    this.addSql(
      'create index `access_token_organization_id_environment_expires_at_id_index` on `access_token` (`organization_id`, `environment`, `expires_at`, `id`) where revoked_at is not null;',
    )
    this.addSql("alter table `organization` add column `revocation_version` bigint not null default '0';")
    this.addSql(
      'create index `organization_revocation_version_index` on `organization` (`revocation_version`) where revocation_version > 0;',
    )
    this.addSql('alter table `api_key` add column `sandbox_reset_at` datetime null;')
    this.addSql('alter table `api_key` add column `reset_tokens_expire_at` datetime null;')
    this.addSql(
      'create index `api_key_organization_id_reset_tokens_expire_at_project_id_index` on `api_key` (`organization_id`, `reset_tokens_expire_at`, `project_id`) where reset_tokens_expire_at is not null;',
    )
    this.addSql(
      'create index `api_key_reset_tokens_expire_at_project_id_index` on `api_key` (`reset_tokens_expire_at`, `project_id`) where reset_tokens_expire_at is not null;',
    )
    this.addSql(
      'create index `api_key_organization_id_environment_revoked_at_id_index` on `api_key` (`organization_id`, `environment`, `revoked_at`, `id`) where revoked_at is not null;',
    )
    const note = 'begin update organization set revocation_version = revocation_version + 1 where id = new.organization_id; end'
    for (const table of ['access_token', 'personal_token']) {
      this.addSql(`create trigger ${table}_revoked after update of revoked_at on ${table} when new.revoked_at is not null ${note};`)
      this.addSql(`create trigger ${table}_inserted_revoked after insert on ${table} when new.revoked_at is not null ${note};`)
    }
    this.addSql(
      `create trigger api_key_revoked after update of revoked_at, sandbox_reset_at on api_key when new.revoked_at is not null or new.sandbox_reset_at is not null ${note};`,
    )
    this.addSql(
      `create trigger api_key_inserted_revoked after insert on api_key when new.revoked_at is not null or new.sandbox_reset_at is not null ${note};`,
    )
    this.addSql(
      'create trigger organization_suspended after update of suspended_at on organization begin update organization set revocation_version = revocation_version + 1 where id = new.id; end;',
    )
  }
}
