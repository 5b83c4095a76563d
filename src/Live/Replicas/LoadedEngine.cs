using Orrery.Engine.Generation;
using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Engine.Shipped;
using Orrery.Kernel;
using Orrery.Kernel.Units;
using Orrery.Live.Settings;

namespace Orrery.Live.Replicas;

/// <summary>A model in memory: weights, tokenizer, adapters.</summary>
internal sealed class LoadedEngine : IDisposable
{
    private LoadedEngine(string name, Transformer model, ModelText text, IReadOnlyList<LoraAdapter> adapters) => (Name, Model, Text, Adapters) = (name, model, text, adapters);

    /// <summary>The file's, without its ending.</summary>
    public string Name { get; }

    public Transformer Model { get; }

    public ModelText Text { get; }

    /// <summary>In the order of the settings.</summary>
    public IReadOnlyList<LoraAdapter> Adapters { get; }

    /// <param name="settings">Of the model.</param>
    /// <param name="room">Memory that is left for it.</param>
    /// <exception cref="InputException">A file that cannot be used, a context longer than the model's, or too little memory.</exception>
    public static LoadedEngine Load(ModelSettings settings, Bytes room)
    {
        using GgufFile file = Open(settings.File);
        if (file.ByteCount > room.Count)
            throw new InputException($"{file.Name}: its weights take {new Bytes(file.ByteCount)} and there is room for {room}; serve fewer models, or a smaller one");
        string name = settings.File is null ? ShippedModel.Name : Path.GetFileNameWithoutExtension(settings.File);
        ModelText text = new(file);
        Transformer model = Transformer.Load(file, new()
        {
            Threads = settings.Threads,
            MaxBatchTokens = ModelSettings.PassTokens,
            ContextLength = settings.ContextLength > 0 ? settings.ContextLength : null,
        });
        try
        {
            if (settings.ContextLength > model.Config.ContextLength)
                throw new InputException($"contextLength: {settings.ContextLength} tokens are more than the {model.Config.ContextLength} that {file.Name} was made for; write at most that");
            return new(name, model, text, [.. settings.Adapters.Select(adapter => Read(adapter, model.Config))]);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public static GgufFile Open(string? path) => path is null ? ShippedModel.Open() : GgufFile.Open(path);

    public void Dispose() => Model.Dispose();

    private static LoraAdapter Read(AdapterSettings settings, ModelConfig config)
    {
        using GgufFile file = GgufFile.Open(settings.File);
        return LoraAdapter.Open(file, config, settings.Strength);
    }
}
