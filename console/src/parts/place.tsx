/** Project and environment of a new object. */
import type { Environment } from '@keyhouse/client'
import { useProjects } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useScope } from '../filters.js'
import { Choices, Select } from './form.js'

export interface Place {
  readonly environment: Environment
  /** Empty: the default project. */
  readonly projectId: string
}

/** The place of the current view, and its setter. */
export function usePlace(): [Place, (place: Place) => void] {
  const { environment, projectId } = useScope()
  return useState<Place>({ environment: environment ?? 'SANDBOX', projectId: projectId ?? '' })
}

/** The place as the fields of an input. */
export const placeInput = ({ environment, projectId }: Place): { environment: Environment; projectId?: string } => ({
  environment,
  ...(projectId !== '' && { projectId }),
})

interface PlaceFieldsProps {
  readonly place: Place
  readonly onChange: (place: Place) => void
}

export function PlaceFields({ place, onChange }: PlaceFieldsProps): ReactElement {
  const { data: projects = [] } = useProjects()
  return (
    <>
      <Choices
        label="Environment"
        options={[
          ['SANDBOX', 'Sandbox', 'Test data, which resetSandbox deletes'],
          ['PRODUCTION', 'Production', 'Data of your users'],
        ]}
        value={place.environment}
        onChange={(environment) => onChange({ ...place, environment })}
      />
      {projects.length > 1 && (
        <Select
          name="projectId"
          label="Project"
          options={projects.map(({ id, name }) => [id, name] as const)}
          value={place.projectId === '' ? projects[0]!.id : place.projectId}
          onChange={(projectId) => onChange({ ...place, projectId })}
        />
      )}
    </>
  )
}
