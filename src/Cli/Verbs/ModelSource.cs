using Orrery.Engine.Gguf;
using Orrery.Engine.Making;
using Orrery.Engine.Tensors;
using Orrery.Engine.Threads;

namespace Orrery.Cli.Verbs;

/// <summary>A model to measure: a file of the user's, or one with random weights that is made for the purpose and removed after it.</summary>
internal sealed class ModelSource
{
    private const ulong Seed = 1;
    private readonly string? _path;
    private readonly ModelShape? _shape;
    private readonly TensorType _type;

    private ModelSource(string name, string? path, ModelShape? shape, TensorType type) => (Name, _path, _shape, _type) = (name, path, shape, type);

    /// <summary>As the table shows it.</summary>
    public string Name { get; }

    public static ModelSource OfFile(string path) => new(Path.GetFileNameWithoutExtension(path), path, null, default);

    public static ModelSource Made(ModelShape shape, TensorType type) => new($"{shape.Name} {type}", null, shape, type);

    /// <summary>Opens the file, after making it where it must be made.</summary>
    public OpenFile Open(CancellationToken stop)
    {
        if (_shape is not { } shape) return new OpenFile(ModelVerbs.Open(_path!), null);
        string made = Path.Combine(Path.GetTempPath(), $"orrery-{Path.GetRandomFileName()}.gguf");
        try
        {
            using (var pool = new WorkerPool())
                new ModelMaker(new(MadeArchitecture.Find(shape.Architecture), shape, _type, Seed)).Write(made, pool, stop: stop);
            GgufFile file = GgufFile.Open(made);
            // Where a mapped file may lose its name, it goes now: whatever ends the process leaves nothing behind.
            if (!OperatingSystem.IsWindows()) File.Delete(made);
            return new OpenFile(file, made);
        }
        catch
        {
            File.Delete(made);
            throw;
        }
    }

    /// <summary>An open model file; a made one goes when it is closed.</summary>
    internal sealed class OpenFile(GgufFile file, string? made) : IDisposable
    {
        public GgufFile File { get; } = file;

        public void Dispose()
        {
            File.Dispose();
            if (made is not null) System.IO.File.Delete(made);
        }
    }
}
