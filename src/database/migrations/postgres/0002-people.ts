import { Migration } from '@mikro-orm/migrations'

export class Migration0002 extends Migration {
  override up(): void {
    this.addSql(
      'create table "invitation" ("id" text not null, "organization_id" text not null, "email" text not null, "email_key" text not null, "role" text not null, "project_ids" jsonb null, "digest" text not null, "invited_by" text not null, "created_at" timestamptz(3) not null, "expires_at" timestamptz(3) not null, "accepted_at" timestamptz(3) null, "revoked_at" timestamptz(3) null, primary key ("id"));',
    )
    this.addSql('alter table "invitation" add constraint "invitation_digest_unique" unique ("digest");')
    this.addSql('create index "invitation_organization_id_email_key_index" on "invitation" ("organization_id", "email_key");')
    this.addSql('alter table "sign_in_token" add "created_by" text null;')
    this.addSql('create index "personal_token_visible_until_index" on "personal_token" ("visible_until") where sealed_text is not null;')
    this.addSql(
      'alter table "invitation" add constraint "invitation_organization_id_foreign" foreign key ("organization_id") references "organization" ("id");',
    )
  }
}
