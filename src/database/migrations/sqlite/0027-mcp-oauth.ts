import { Migration } from '@mikro-orm/migrations'

export class Migration0027 extends Migration {
  override up(): void {
    this.addSql("create table `mcp_oauth_client` (`id` text not null primary key, `organization_id` text not null, `project_id` text not null, `environment` text not null, `issuer` text not null, `kind` text not null, `client_id` text not null, `sealed_secret` text null, `redirect_uri` text not null, `created_at` datetime not null, `retired_at` datetime null, constraint `mcp_oauth_client_organization_id_foreign` foreign key (`organization_id`) references `organization` (`id`), constraint `mcp_oauth_client_project_id_foreign` foreign key (`project_id`) references `project` (`id`));")
    this.addSql("create index `mcp_oauth_client_organization_id_index` on `mcp_oauth_client` (`organization_id`);")
    this.addSql("create index `mcp_oauth_client_project_id_index` on `mcp_oauth_client` (`project_id`);")
    this.addSql("create index `mcp_oauth_client_organization_id_issuer_index` on `mcp_oauth_client` (`organization_id`, `issuer`);")
    this.addSql("create index `mcp_oauth_client_organization_id_created_at_id_index` on `mcp_oauth_client` (`organization_id`, `created_at`, `id`);")
    this.addSql("create table `mcp_connection` (`id` text not null primary key, `organization_id` text not null, `project_id` text not null, `environment` text not null, `end_user_id` text not null, `server_id` text not null, `origin` text not null, `api_key_id` text not null, `client_id` text not null, `resource` text null, `scopes` json not null, `sealed_verifier` text null, `created_at` datetime not null, `expires_at` datetime not null, `used_at` datetime null, constraint `mcp_connection_organization_id_foreign` foreign key (`organization_id`) references `organization` (`id`), constraint `mcp_connection_project_id_foreign` foreign key (`project_id`) references `project` (`id`));")
    this.addSql("create index `mcp_connection_organization_id_index` on `mcp_connection` (`organization_id`);")
    this.addSql("create index `mcp_connection_project_id_index` on `mcp_connection` (`project_id`);")
    this.addSql("create index `mcp_connection_expires_at_index` on `mcp_connection` (`expires_at`);")
    this.addSql("create index `mcp_connection_organization_id_end_user_id_index` on `mcp_connection` (`organization_id`, `end_user_id`);")
    this.addSql("alter table `mcp_server` add column `oauth` json null;")
    this.addSql("alter table `mcp_credential` add column `oauth_issuer` text null;")
    this.addSql("alter table `mcp_credential` add column `oauth_client_id` text null;")
    this.addSql("alter table `mcp_credential` add column `oauth_resource` text null;")
    this.addSql("alter table `mcp_credential` add column `oauth_scopes` json null;")
    this.addSql("alter table `mcp_credential` add column `needed_scopes` json null;")
    this.addSql("alter table `mcp_credential` add column `sealed_refresh` text null;")
    this.addSql("alter table `mcp_credential` add column `access_expires_at` datetime null;")
    this.addSql("alter table `mcp_credential` add column `refresh_version` integer not null default 0;")
    this.addSql("alter table `mcp_credential` add column `lease_until` datetime null;")
  }
}
