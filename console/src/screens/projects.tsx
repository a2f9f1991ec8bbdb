/** Projects: create, rename, and reset of the sandbox. */
import type { ProjectsResult } from '@keyhouse/client'
import { useCreateProject, useProjects, useResetSandbox, useUpdateProject } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { Button } from '../parts/button.js'
import { Confirm, Dialog } from '../parts/dialog.js'
import { Field, Form, FormActions } from '../parts/form.js'
import { Menu } from '../parts/menu.js'
import { Card } from '../parts/page.js'
import { Loaded } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { Ago } from '../parts/time.js'
import { useToast } from '../parts/toast.js'

type Project = ProjectsResult[number]

export function Projects(): ReactElement {
  const { needs } = useAccess()
  const query = useProjects()
  const [isCreating, setIsCreating] = useState(false)
  const [renamed, setRenamed] = useState<Project | null>(null)
  const [reset, setReset] = useState<Project | null>(null)
  const columns: readonly Column<Project>[] = [
    { title: 'Name', cell: ({ name }) => name },
    { title: 'Slug', cell: ({ slug }) => <code>{slug}</code> },
    { title: 'Created', cell: ({ createdAt }) => <Ago at={createdAt} /> },
    {
      title: 'Actions',
      cell: (project) => (
        <Menu
          label="Actions"
          items={[
            { label: 'Rename', disabledReason: needs('project:update'), onSelect: () => setRenamed(project) },
            {
              label: 'Reset sandbox',
              danger: true,
              disabledReason: needs('sandbox:reset'),
              onSelect: () => setReset(project),
            },
          ]}
        />
      ),
    },
  ]
  return (
    <Card
      title="Projects"
      actions={
        <Button icon="plus" disabledReason={needs('project:create')} onClick={() => setIsCreating(true)}>
          New project
        </Button>
      }
    >
      <Loaded query={query}>
        {(rows) => <Table caption="Projects" columns={columns} rows={rows} rowKey={({ id }) => id} empty={<p>No projects.</p>} />}
      </Loaded>
      {isCreating && <CreateProject onClose={() => setIsCreating(false)} />}
      {renamed && <RenameProject project={renamed} onClose={() => setRenamed(null)} />}
      {reset && <ResetSandbox project={reset} onClose={() => setReset(null)} />}
    </Card>
  )
}

function CreateProject({ onClose }: { readonly onClose: () => void }): ReactElement {
  const [name, setName] = useState('')
  const [slug, setSlug] = useState('')
  const create = useCreateProject({ onSuccess: onClose })
  return (
    <Dialog title="New project" onClose={onClose}>
      <Form error={create.error} fields={['name', 'slug']} onSubmit={() => create.mutate({ name, slug })}>
        <Field name="name" label="Name" required maxLength={255} value={name} onChange={setName} />
        <Field
          name="slug"
          label="Slug"
          help="Lowercase letters, digits and hyphens. It never changes."
          required
          maxLength={63}
          value={slug}
          onChange={setSlug}
        />
        <FormActions>
          <Button type="submit" variant="primary" busy={create.isPending}>
            Create
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </FormActions>
      </Form>
    </Dialog>
  )
}

interface ProjectDialogProps {
  readonly project: Project
  readonly onClose: () => void
}

function RenameProject({ project, onClose }: ProjectDialogProps): ReactElement {
  const [name, setName] = useState(project.name)
  const update = useUpdateProject({ onSuccess: onClose })
  return (
    <Dialog title={`Rename ${project.name}`} onClose={onClose}>
      <Form error={update.error} fields={['name']} onSubmit={() => update.mutate({ id: project.id, name })}>
        <Field name="name" label="Name" required maxLength={255} value={name} onChange={setName} />
        <FormActions>
          <Button type="submit" variant="primary" busy={update.isPending}>
            Save
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </FormActions>
      </Form>
    </Dialog>
  )
}

function ResetSandbox({ project, onClose }: ProjectDialogProps): ReactElement {
  const toast = useToast()
  const reset = useResetSandbox({
    onSuccess: ({ deletedServers, revokedCredentials, revokedTokens }) => {
      toast(`Sandbox reset. MCP servers: ${deletedServers}. MCP credentials: ${revokedCredentials}. Access tokens: ${revokedTokens}.`)
      onClose()
    },
  })
  return (
    <Confirm
      title={`Reset the sandbox of ${project.name}?`}
      action="Reset sandbox"
      typed={project.slug}
      busy={reset.isPending}
      error={reset.error}
      onConfirm={() => reset.mutate({ projectId: project.id })}
      onClose={onClose}
    >
      <p>
        Sandbox access tokens and MCP credentials are revoked. Sandbox end users, MCP servers and approvals are deleted. API keys, the audit
        trail, usage and all of production stay. This cannot be undone.
      </p>
    </Confirm>
  )
}
