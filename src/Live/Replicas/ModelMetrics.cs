using Orrery.Serving.Execution;
using Orrery.Serving.Exposition;
using Orrery.Serving.Replicas;
using Orrery.Serving.Sequences;

namespace Orrery.Live.Replicas;

/// <summary>The metrics of the models of a host, under the names that a simulation writes too: give <see cref="Watch"/> and <see cref="Write"/> to <see cref="LiveOptions"/>.</summary>
public sealed class ModelMetrics
{
    private readonly List<ServingExposition> _models = [];

    /// <summary>Begins to count for a model; before its first request.</summary>
    public ILiveObserver Watch(LiveModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        ServingExposition exposition = new();
        exposition.Watch(model.Fleet, _ => model.Id);
        _models.Add(exposition);
        return new Forward(exposition);
    }

    /// <summary>The page of all models; on the loop.</summary>
    public string Write(LiveHost host)
    {
        ExpositionText text = new();
        ServingExposition.Write(text, _models);
        return text.ToString();
    }

    private sealed class Forward(ServingExposition exposition) : ILiveObserver
    {
        private readonly IStepObserver _steps = exposition;

        public void Left(Sequence sequence) => exposition.Left(sequence);

        public void Planned(Replica replica, StepPlan plan) => _steps.Planned(replica, plan);

        public void Ended(Replica replica, StepRun run) => _steps.Ended(replica, run);
    }
}
