"""Problems, time and reward; nothing learned. Importing registers the environments."""

from gymnasium.envs.registration import register

for _name in ("JobShop", "FlexibleJobShop"):
    register(
        id=f"dispatchlab/{_name}-v0",
        entry_point=f"envs.shop.env:{_name}Env",
        vector_entry_point=f"envs.shop.vector:{_name}VectorEnv",
    )
for _name in ("TaskQueue", "ResourcePool"):
    register(
        id=f"dispatchlab/{_name}-v0",
        entry_point=f"envs.queue.env:{_name}Env",
        vector_entry_point=f"envs.queue.vector:{_name}VectorEnv",
    )
register(
    id="dispatchlab/CloudManufacturing-v0",
    entry_point="envs.cloud.env:CloudManufacturingEnv",
    vector_entry_point="envs.cloud.vector:CloudManufacturingVectorEnv",
)
register(
    id="dispatchlab/DynamicShop-v0",
    entry_point="envs.dynamic.env:DynamicShopEnv",
    vector_entry_point="envs.dynamic.vector:DynamicShopVectorEnv",
)
register(
    id="dispatchlab/FieldService-v0",
    entry_point="envs.field.env:FieldServiceEnv",
    vector_entry_point="envs.field.vector:FieldServiceVectorEnv",
)
