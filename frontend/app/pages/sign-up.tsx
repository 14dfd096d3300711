import { session } from '../services.ts'
import { TextField } from '../ui/text-field.tsx'
import { AuthForm } from './auth-form.tsx'
import { AuthShell } from './auth-shell.tsx'

export function SignUpPage() {
  return (
    <AuthShell title="Create your account" other={{ text: 'Already have one?', label: 'Sign in', to: '/sign-in' }}>
      <AuthForm
        submit="Create account"
        enter={({ name = '', email = '', password = '' }) => session.signUp({ name, email, password })}
      >
        {(error) => (
          <>
            <TextField label="Name" name="name" autoComplete="name" required error={error('name')} />
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
              autoComplete="new-password"
              required
              hint="A sentence you can remember makes a good one."
              error={error('password')}
            />
          </>
        )}
      </AuthForm>
    </AuthShell>
  )
}
