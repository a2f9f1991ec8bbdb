import { Migration } from '@mikro-orm/migrations'

export class Migration0003 extends Migration {
  override up(): void {
    this.addSql('create index `access_token_expires_at_id_index` on `access_token` (`expires_at`, `id`) where revoked_at is not null;')
    this.addSql('create index `access_token_signing_key_id_expires_at_index` on `access_token` (`signing_key_id`, `expires_at`);')
    this.addSql('create index `api_key_revoked_at_id_index` on `api_key` (`revoked_at`, `id`) where revoked_at is not null;')
    this.addSql('alter table `signing_key` add column `superseded_at` datetime null;')
    this.addSql("create unique index `signing_key_one_next` on `signing_key` (`state`) where state = 'NEXT';")
    this.addSql("create unique index `signing_key_one_current` on `signing_key` (`state`) where state = 'CURRENT';")
    this.addSql('alter table `personal_token` add column `signing_key_id` text null;')
    // No rotation came before this, so the key that signs has signed all of them.
    this.addSql("update `personal_token` set `signing_key_id` = (select `id` from `signing_key` where `state` = 'CURRENT');")
    this.addSql('create index `personal_token_expires_at_id_index` on `personal_token` (`expires_at`, `id`) where revoked_at is not null;')
    this.addSql('create index `personal_token_signing_key_id_expires_at_index` on `personal_token` (`signing_key_id`, `expires_at`);')
  }
}
