import { Migration } from '@mikro-orm/migrations'

export class Migration0010 extends Migration {
  override up(): void {
    // Rows of before the upgrade keep the default: their tokens carry the URL of the deployment as `iss`.
    this.addSql('alter table "access_token" add "has_tenant_issuer" boolean not null default false;')
  }
}
