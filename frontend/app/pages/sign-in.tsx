import { session } from '../services.ts'
import { TextField } from '../ui/text-field.tsx'
import { AuthForm } from './auth-form.tsx'
import { AuthShell } from './auth-shell.tsx'

export function SignInPage() {
  return (
    <AuthShell title="Welcome back" other={{ text: 'New here?', label: 'Create an account', to: '/sign-up' }}>
      <AuthForm submit="Sign in" enter={({ email = '', password = '' }) => session.signIn({ email, password })}>
        {(error) => (
          <>
            <TextField
              label="E-mail"
              name="email"
              type="email"
              autoComplete="username"
              required
              error={error('email')}
            />
            <TextField
              label="Password"
              name="password"
              type="password"
              autoComplete="current-password"
              required
              error={error('password')}
            />
          </>
        )}
      </AuthForm>
    </AuthShell>
  )
}
