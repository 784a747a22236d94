// Answers, a JSON array of questions a line, what IAM would say to each: an array a line.
import { createInterface } from 'node:readline'
import { anonymousPrincipal, runSimulation } from '@cloud-copilot/iam-simulate'

async function answer({ principal, action, resource, account, context, policy, bucketPolicy }) {
  const said = await runSimulation(
    {
      request: {
        principal: principal ?? anonymousPrincipal,
        action,
        resource: { resource, accountId: account },
        contextVariables: context
      },
      identityPolicies: policy ? [{ name: 'role', policy }] : [],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: bucketPolicy
    },
    {}
  )
  return said.resultType === 'error' ? `error: ${JSON.stringify(said.errors)}` : said.overallResult
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await Promise.all(JSON.parse(line).map(answer))))
}
