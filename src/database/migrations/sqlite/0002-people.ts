import { Migration } from '@mikro-orm/migrations'

export class Migration0002 extends Migration {
  override up(): void {
    this.addSql(
      'create table `invitation` (`id` text not null primary key, `organization_id` text not null, `email` text not null, `email_key` text not null, `role` text not null, `project_ids` json null, `digest` text not null, `invited_by` text not null, `created_at` datetime not null, `expires_at` datetime not null, `accepted_at` datetime null, `revoked_at` datetime null, constraint `invitation_organization_id_foreign` foreign key (`organization_id`) references `organization` (`id`));',
    )
    this.addSql('create index `invitation_organization_id_index` on `invitation` (`organization_id`);')
    this.addSql('create unique index `invitation_digest_unique` on `invitation` (`digest`);')
    this.addSql('create index `invitation_organization_id_email_key_index` on `invitation` (`organization_id`, `email_key`);')
    this.addSql('alter table `sign_in_token` add column `created_by` text null;')
    this.addSql('create index `personal_token_visible_until_index` on `personal_token` (`visible_until`) where sealed_text is not null;')
  }
}
