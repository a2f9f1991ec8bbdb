import { Migration } from '@mikro-orm/migrations'

export class Migration0001 extends Migration {
  override up(): void {
    this.addSql(
      'create table `access_token` (`id` text not null primary key, `organization_id` text not null, `project_id` text not null, `environment` text not null, `api_key_id` text not null, `end_user_id` text not null, `audience` text not null, `permissions` json not null, `signing_key_id` text not null, `issued_at` datetime not null, `expires_at` datetime not null, `revoked_at` datetime null);',
    )
    this.addSql('create index `access_token_api_key_id_expires_at_index` on `access_token` (`api_key_id`, `expires_at`);')
    this.addSql('create index `access_token_organization_id_id_index` on `access_token` (`organization_id`, `id`);')
    this.addSql(
      'create table `audit_event` (`id` text not null primary key, `organization_id` text not null, `seq` integer not null, `project_id` text null, `environment` text null, `action` text not null, `outcome` text not null, `actor_id` text null, `end_user_id` text null, `subject_id` text null, `details` json not null, `request_id` text not null, `ip_address` text null, `at` datetime not null, `previous_hash` text not null, `hash` text not null);',
    )
    this.addSql('create index `audit_event_organization_id_at_id_index` on `audit_event` (`organization_id`, `at`, `id`);')
    this.addSql('create unique index `audit_event_organization_id_seq_unique` on `audit_event` (`organization_id`, `seq`);')
    this.addSql('create table `audit_head` (`organization_id` text not null primary key, `seq` integer not null, `hash` text not null);')
    this.addSql('create table `organization` (`id` text not null primary key, `name` text not null, `created_at` datetime not null);')
    this.addSql(
      'create table `project` (`id` text not null primary key, `organization_id` text not null, `name` text not null, `slug` text not null, `created_at` datetime not null, `updated_at` datetime not null, constraint `project_organization_id_foreign` foreign key (`organization_id`) references `organization` (`id`));',
    )
    this.addSql('create index `project_organization_id_index` on `project` (`organization_id`);')
    this.addSql('create unique index `project_organization_id_slug_unique` on `project` (`organization_id`, `slug`);')
    this.addSql(
      'create table `end_user` (`id` text not null primary key, `organization_id` text not null, `project_id` text not null, `environment` text not null, `external_id` text not null, `first_seen_at` datetime not null, `last_seen_at` datetime not null, constraint `end_user_organization_id_foreign` foreign key (`organization_id`) references `organization` (`id`), constraint `end_user_project_id_foreign` foreign key (`project_id`) references `project` (`id`));',
    )
    this.addSql('create index `end_user_organization_id_index` on `end_user` (`organization_id`);')
    this.addSql('create index `end_user_project_id_index` on `end_user` (`project_id`);')
    this.addSql('create index `end_user_organization_id_first_seen_at_id_index` on `end_user` (`organization_id`, `first_seen_at`, `id`);')
    this.addSql(
      'create table `api_key` (`id` text not null primary key, `organization_id` text not null, `project_id` text not null, `environment` text not null, `label` text null, `digest` text not null, `previous_digest` text null, `preview` text not null, `permissions` json not null, `rate_limits` json not null, `allowed_audiences` json null, `standing` integer not null, `created_at` datetime not null, `updated_at` datetime not null, `expires_at` datetime null, `last_used_at` datetime null, `rotated_at` datetime null, `previous_secret_expires_at` datetime null, `end_overlap_at_first_use` integer not null, `revoked_at` datetime null, `created_by` text null, `revoked_by` text null, constraint `api_key_organization_id_foreign` foreign key (`organization_id`) references `organization` (`id`), constraint `api_key_project_id_foreign` foreign key (`project_id`) references `project` (`id`));',
    )
    this.addSql('create index `api_key_organization_id_index` on `api_key` (`organization_id`);')
    this.addSql('create index `api_key_project_id_index` on `api_key` (`project_id`);')
    this.addSql('create unique index `api_key_digest_unique` on `api_key` (`digest`);')
    this.addSql('create unique index `api_key_previous_digest_unique` on `api_key` (`previous_digest`);')
    this.addSql('create index `api_key_organization_id_created_at_id_index` on `api_key` (`organization_id`, `created_at`, `id`);')
    this.addSql(
      'create table `signing_key` (`id` text not null primary key, `algorithm` text not null, `state` text not null, `public_jwk` json not null, `sealed_private_key` text not null, `created_at` datetime not null, `activated_at` datetime null, `retired_at` datetime null);',
    )
    this.addSql(
      'create table `user` (`id` text not null primary key, `organization_id` text not null, `email` text not null, `email_key` text not null, `name` text not null, `created_at` datetime not null, constraint `user_organization_id_foreign` foreign key (`organization_id`) references `organization` (`id`));',
    )
    this.addSql('create index `user_organization_id_index` on `user` (`organization_id`);')
    this.addSql('create unique index `user_organization_id_email_key_unique` on `user` (`organization_id`, `email_key`);')
    this.addSql(
      'create table `sign_in_token` (`id` text not null primary key, `organization_id` text not null, `user_id` text not null, `digest` text not null, `created_at` datetime not null, `expires_at` datetime not null, `used_at` datetime null, constraint `sign_in_token_organization_id_foreign` foreign key (`organization_id`) references `organization` (`id`), constraint `sign_in_token_user_id_foreign` foreign key (`user_id`) references `user` (`id`));',
    )
    this.addSql('create index `sign_in_token_user_id_index` on `sign_in_token` (`user_id`);')
    this.addSql('create unique index `sign_in_token_digest_unique` on `sign_in_token` (`digest`);')
    this.addSql('create index `sign_in_token_organization_id_index` on `sign_in_token` (`organization_id`);')
    this.addSql(
      'create table `personal_token` (`id` text not null primary key, `organization_id` text not null, `user_id` text not null, `type` text not null, `description` text null, `permissions` json null, `issued_at` datetime not null, `expires_at` datetime not null, `last_used_on` datetime null, `visible_until` datetime not null, `sealed_text` text null, `revoked_at` datetime null, `created_by` text null, `revoked_by` text null, constraint `personal_token_organization_id_foreign` foreign key (`organization_id`) references `organization` (`id`), constraint `personal_token_user_id_foreign` foreign key (`user_id`) references `user` (`id`));',
    )
    this.addSql('create index `personal_token_organization_id_index` on `personal_token` (`organization_id`);')
    this.addSql('create index `personal_token_user_id_index` on `personal_token` (`user_id`);')
    this.addSql('create index `personal_token_user_id_id_index` on `personal_token` (`user_id`, `id`);')
    this.addSql(
      'create table `member` (`id` text not null primary key, `organization_id` text not null, `user_id` text not null, `role` text not null, `project_ids` json null, `standing` integer not null, `joined_at` datetime not null, constraint `member_organization_id_foreign` foreign key (`organization_id`) references `organization` (`id`), constraint `member_user_id_foreign` foreign key (`user_id`) references `user` (`id`));',
    )
    this.addSql('create index `member_organization_id_index` on `member` (`organization_id`);')
    this.addSql('create index `member_user_id_index` on `member` (`user_id`);')
    this.addSql('create unique index `member_user_id_unique` on `member` (`user_id`);')
  }
}
