declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  /** Renders the document at `url` into the element `dom_id`. */
  export default function SwaggerUI(options: {
    url: string
    dom_id: string
    deepLinking: boolean
    validatorUrl: string | null
  }): void
}
