-- Health of a PrivateAssistant for Argo CD: what kstatus, by which Flux and kubectl decide, makes of the same status.
-- In ConfigMap argocd-cm, under resource.customizations.health.privateassistant.dev_PrivateAssistant; see examples/gitops/argocd.

local function found(conditions)
  local by_type = {}
  for _, condition in ipairs(conditions or {}) do
    by_type[condition.type] = condition
  end
  return by_type
end

local function is_true(condition)
  return condition ~= nil and condition.status == "True"
end

local function health(status, condition)
  return { status = status, message = condition.reason .. ": " .. condition.message }
end

local function progressing(condition)
  if condition.observedGeneration ~= nil and condition.observedGeneration ~= obj.metadata.generation then
    return { status = "Progressing", message = "The operator has not looked at this generation yet." }
  end
  return health("Progressing", condition)
end

if obj.spec ~= nil and obj.spec.suspend == true then
  return { status = "Suspended", message = "spec.suspend is true: nothing is checked, changed or repaired." }
end

local status = obj.status or {}
local conditions = found(status.conditions)
local ready = conditions.Ready

if ready == nil then
  return { status = "Progressing", message = "The operator has not looked at it yet." }
end
-- While the work of a generation goes on, the status still tells the one before.
if status.observedGeneration ~= nil and status.observedGeneration ~= obj.metadata.generation then
  return progressing(ready)
end
if is_true(conditions.Reconciling) then
  return progressing(ready)
end
if is_true(conditions.Stalled) then
  return health("Degraded", ready)
end
if is_true(ready) then
  return health("Healthy", ready)
end
-- Without replicas nothing serves, and that is what the spec asks for.
if ready.reason == "ScaledToZero" then
  return health("Suspended", ready)
end
return progressing(ready)
