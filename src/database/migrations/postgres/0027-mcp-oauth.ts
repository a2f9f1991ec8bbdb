import { Migration } from '@mikro-orm/migrations'

export class Migration0027 extends Migration {
  override up(): void {
    this.addSql("create table \"mcp_oauth_client\" (\"id\" text not null, \"organization_id\" text not null, \"project_id\" text not null, \"environment\" text not null, \"issuer\" text not null, \"kind\" text not null, \"client_id\" text not null, \"sealed_secret\" text null, \"redirect_uri\" text not null, \"created_at\" timestamptz(3) not null, \"retired_at\" timestamptz(3) null, primary key (\"id\"));")
    this.addSql("create index \"mcp_oauth_client_organization_id_issuer_index\" on \"mcp_oauth_client\" (\"organization_id\", \"issuer\");")
    this.addSql("create index \"mcp_oauth_client_organization_id_created_at_id_index\" on \"mcp_oauth_client\" (\"organization_id\", \"created_at\", \"id\");")
    this.addSql("create table \"mcp_connection\" (\"id\" text not null, \"organization_id\" text not null, \"project_id\" text not null, \"environment\" text not null, \"end_user_id\" text not null, \"server_id\" text not null, \"origin\" text not null, \"api_key_id\" text not null, \"client_id\" text not null, \"resource\" text null, \"scopes\" jsonb not null, \"sealed_verifier\" text null, \"created_at\" timestamptz(3) not null, \"expires_at\" timestamptz(3) not null, \"used_at\" timestamptz(3) null, primary key (\"id\"));")
    this.addSql("create index \"mcp_connection_expires_at_index\" on \"mcp_connection\" (\"expires_at\");")
    this.addSql("create index \"mcp_connection_organization_id_end_user_id_index\" on \"mcp_connection\" (\"organization_id\", \"end_user_id\");")
    this.addSql("alter table \"mcp_server\" add \"oauth\" jsonb null;")
    this.addSql("alter table \"mcp_credential\" add \"oauth_issuer\" text null, add \"oauth_client_id\" text null, add \"oauth_resource\" text null, add \"oauth_scopes\" jsonb null, add \"needed_scopes\" jsonb null, add \"sealed_refresh\" text null, add \"access_expires_at\" timestamptz(3) null, add \"refresh_version\" int not null default 0, add \"lease_until\" timestamptz(3) null;")
    this.addSql("alter table \"mcp_oauth_client\" add constraint \"mcp_oauth_client_organization_id_foreign\" foreign key (\"organization_id\") references \"organization\" (\"id\");")
    this.addSql("alter table \"mcp_oauth_client\" add constraint \"mcp_oauth_client_project_id_foreign\" foreign key (\"project_id\") references \"project\" (\"id\");")
    this.addSql("alter table \"mcp_connection\" add constraint \"mcp_connection_organization_id_foreign\" foreign key (\"organization_id\") references \"organization\" (\"id\");")
    this.addSql("alter table \"mcp_connection\" add constraint \"mcp_connection_project_id_foreign\" foreign key (\"project_id\") references \"project\" (\"id\");")
  }
}
